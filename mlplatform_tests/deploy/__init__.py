"""The files with which the platform is put into an account."""
