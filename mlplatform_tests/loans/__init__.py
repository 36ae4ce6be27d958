"""A small use case on generated data, with columns that give the answer away: will a loan be paid back?"""
