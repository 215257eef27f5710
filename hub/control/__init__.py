"""What is said to the running hub, on a socket in its data folder: one line of JSON each way.

A connection serves one request after another; what it holds (a tool that is being paired) is released when it
ends. Only the user that runs the hub may open it.
"""
