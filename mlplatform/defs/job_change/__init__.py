"""Talent and skilling: will an enrollee of a training look for a new job?"""
