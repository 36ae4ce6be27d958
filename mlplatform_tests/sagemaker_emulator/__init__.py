"""Amazon SageMaker on loopback: a real HTTP server in which jobs run and endpoints answer.

moto answers for S3, logs, CloudWatch and the plain parts of SageMaker; the modules here make jobs real
processes, endpoints real servers, and add what moto lacks.
"""
