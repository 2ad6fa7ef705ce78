"""The command line `hydra-llm`: thin functions above report and search. A command is a module with a function and its
help; main.py lists them.
"""
