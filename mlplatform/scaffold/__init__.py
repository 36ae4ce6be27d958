"""The files of a new use case, written from a draft: what `mlplatform new` puts into a folder.

Not part of the running platform: above `ml`, used by the command line alone. The written files are the
person's from then on, so they look like the use cases that ship, and nothing reads them back.
"""
