"""Names in a folder of datasets, for hydra_llm.data, which writes them, and `hydra-llm gc`, which imports no torch."""

RECORD = "record.json"  # lists every file of a finished dataset with its size; written last
OBSERVATIONS = "observations"  # the part that training may read
ORACLE = "oracle"  # the derivative that the simulator knows; there where it was asked for
TRUTH = "truth"
ORACLE_REPORTS = "oracle_reports"  # what oracles found, computed from all of these; no fit opens it
LOCKS = ".locks"  # beside the datasets
DRAFT = ".tmp-"  # begins the name of a dataset while it is written
INCOMPLETE = ".incomplete-"  # in the name of a damaged one that was set aside
