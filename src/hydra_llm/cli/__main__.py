"""`python -m hydra_llm.cli`, where the command is not on the path."""

from hydra_llm.cli.main import main

main()
