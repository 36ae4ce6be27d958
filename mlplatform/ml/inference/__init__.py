"""From a table nobody has described yet to facts about its columns, and to what a use case would make of it.

Pure, and run once by a person who then reads the result: every guess that a person could disagree with comes
back as a plain sentence beside the fact.
"""
