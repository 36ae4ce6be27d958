"""Workforce productivity: how much of the planned output will a team reach today?"""
