"""Every key under `hydra.sweeper`, once. From here come the configuration that Hydra knows, the checks, and the tables
of docs/sweeper_keys.md. Standard library only.
"""

from hydra_llm.keys.key import Key, Table, defaults

# At the end of a sweep the best configuration and the baseline run once more on fresh seeds: hydra.sweeper.confirm.
CONFIRM: Table = {
    "n_seeds": Key(int, None, "fresh seeds for each configuration; 0 switches the confirmation off", low=0),
    "budgets": Key(
        list, None, "`search`: with `trial_overrides`; `full`: without; null: both", choices=("search", "full")
    ),
    "references": Key(dict, None, "name: list of overrides; further configurations that run on the same seeds"),
}

# The file of code that a sweep may change: hydra.sweeper.code, and search.code of the application.
CODE: Table = {
    "path": Key(str, None, "the file that the sweep starts from"),
    "key": Key(str, None, "key of the configuration that takes PATH@REVISION; its program reads the file from there"),
    "interface_test": Key(
        str, None, "`package.module.function`: f(path) returns sentences on what is wrong with the code; null: none"
    ),
}

# How code is proposed: hydra.sweeper.code_evolution.
CODE_EVOLUTION: Table = {
    "enabled": Key(bool, False, "whether a language model proposes changes of the code"),
    "every": Key(int, None, "trials between two ideas; null: one at the beginning of every block but the first", low=1),
    "when": Key(
        list,
        None,
        "names of rules, of the protocol's table or of `search.focus`: an idea is due while one of them holds; `every` "
        "is then the fewest trials between two ideas, 3 where it is null",
    ),
    "review": Key(
        str,
        "auto",
        "`auto`: code that passes the checks runs; `ask`: a person at the terminal is asked first; `file`: it waits "
        "until a person puts a file beside its diff",
        choices=("auto", "ask", "file"),
    ),
    "max_repair_attempts": Key(
        int, None, "repairs of one idea, before and after its launch; null: 10, with several slots 3", low=0
    ),
    "test_seconds": Key(float, 60.0, "time limit of the interface test", "s", low=0, open_low=True),
    "test_megabytes": Key(int, 2000, "memory limit of that test, on top of what the libraries take", "MB", low=1),
}

# A null falls back to the application's `search` node where it has the key.
SWEEPER: Table = {
    # ---- what is searched ----
    "mode": Key(
        str,
        "search",
        "`grid`: the product of the command line, as with Hydra's basic sweeper",
        choices=("search", "grid"),
    ),
    "params": Key(dict, None, "the space: key: Hydra's sweep grammar, a list, or a mapping {type, low, high, ...}"),
    "block_params": Key(dict, None, "as `params`, for keys that change between blocks only"),
    "slot_params": Key(dict, None, "`key: [v0, v1, ...]`: each slot keeps its own value"),
    "constraint": Key(
        str, None, "`package.module.function`: f(values) returns true, or a sentence that says what is wrong"
    ),
    "metric": Key(
        str,
        None,
        'which of the returned numbers is the objective; "a/b" for a nested one; a list names several objectives',
        several=True,
    ),
    "direction": Key(
        str,
        None,
        "maximize by default; a list of `maximize` and `minimize`, one for each number that the task returns, searches "
        "for a Pareto front",
        choices=("maximize", "minimize", "target"),
        several=True,
    ),
    "target": Key(float, None, "value that the metric should reach, for `direction: target`"),
    # ---- how ----
    "proposer": Key(
        str,
        "auto",
        "what proposes trials; `auto`: a language model if one is configured, else a Gaussian process",
        choices=("auto", "llm", "bayes", "rules", "random", "tpe", "cmaes", "gp"),
        dotted=True,
    ),
    "selection": Key(
        str,
        "puct_rank",
        "the policy that picks the node to branch from",
        choices=("puct_rank", "ucb", "ucb1", "ucb1_shifted", "puct_reference", "greedy", "random"),
        dotted=True,
    ),
    "ucb_c": Key(float, None, "weight of exploration; null: the default of the selection policy", low=0),
    "start": Key(
        str,
        None,
        "first batch of several slots. `diverse`: one baseline and diverse configurations; `baselines`: baselines "
        "only; null: diverse",
        choices=("diverse", "baselines"),
    ),
    "enqueue": Key(
        list,
        None,
        "configurations that run right after the baseline, each a mapping of parameters to values; what it leaves out "
        "is as in the baseline",
    ),
    "reward": Key(
        str,
        None,
        "score of a configuration over its runs; `posterior`: as a Gaussian process on all runs sees it; `paired`: "
        "mean on equal recordings; `mean`: of its own runs; `lower_confidence`: the one-sided 90 % bound; null: "
        "`posterior` with `proposer: bayes`, else `paired`",
        choices=("posterior", "paired", "mean", "lower_confidence", "min"),
    ),
    "seed": Key(int, 0, "seed of the search itself, not of the task", low=0),
    "seed_keys": Key(list, None, "the task's own seed keys, which reruns vary"),
    # ---- how much ----
    "n_trials": Key(int, 24, "trials in all sessions of the sweep, without the confirmation", low=1),
    "n_iter_block": Key(int, None, "trials per block, each with its own tree; null: one block", low=0),
    "n_parallel": Key(
        int,
        1,
        "slots: trials that run at the same time; `auto`: one per entry of `gpu_slots`, else one per core of this "
        "machine, at most a quarter of `n_trials`",
        low=1,
        word="auto",
    ),
    "dispatch": Key(
        str,
        "auto",
        "how jobs are started; `auto` decides by slots and launcher",
        choices=("auto", "batch", "thread", "fork"),
    ),
    "prefix": Key(
        list,
        None,
        "words before the command of every trial and interface test, such as those of a container; `{folder}` in them "
        "is the folder that it writes",
    ),
    "gpu_slots": Key(list, None, "devices by slot, e.g. `[0,1]`: `CUDA_VISIBLE_DEVICES` of its jobs"),
    "max_batch_size": Key(int, None, "`mode: grid` only: jobs per launch; null: all at once", low=1),
    "promote": Key(
        int,
        None,
        "configurations, leader and baseline first, that run the full recipe at half time, inside `n_trials`; 0: none; "
        "null: 2 where `search.trial_overrides` shorten the runs, `confirm.budgets` has `full` and `n_trials` is 12 "
        "or more",
        low=0,
    ),
    "code": Key(dict, defaults(CODE), "the file of code that the sweep may change"),
    "code_evolution": Key(dict, defaults(CODE_EVOLUTION), "how changes of that file are proposed"),
    "confirm": Key(dict, defaults(CONFIRM), "runs of the best configuration and the baseline on fresh seeds"),
    "wandb_project": Key(
        str,
        None,
        "W&B project of the sweep's own run, written at its end (`hydra-llm sync` writes it by hand); null: the "
        'application\'s `logger.wandb.project`; "": none',
    ),
    # ---- failures and resume ----
    "resume": Key(
        str,
        "auto",
        "`must`: fail if there is no sweep to continue; `never`: fail if there is one",
        choices=("auto", "must", "never"),
    ),
    "max_failure_rate": Key(float, 0.5, "share of `n_trials` that may fail before the sweep ends", low=0, high=1),
    "fail_fast": Key(int, 5, "identical failures in a row that end the sweep; 0: off", low=0),
    "max_infra_retries": Key(int, 2, "how often a job that left no result is launched again", low=0),
    "job_timeout_s": Key(
        float,
        None,
        "limit of a job, from its start; a job of a batch cannot be stopped, and the sweep says so",
        "s",
        low=0,
    ),
}

# The application's own `search` node: a top-level node of its configuration.
SEARCH: Table = {
    **{
        name: SWEEPER[name]
        for name in (
            *("metric", "direction", "target", "params", "block_params", "slot_params", "start", "confirm"),
            *("seed_keys", "code"),
        )
    },
    "fresh_seeds": Key(
        bool, False, "true: every run draws new seeds; false: the first runs of all configurations share them"
    ),
    "seeds_move": Key(
        str,
        "both",
        "what the seed keys draw anew, as a proposer is told: the data, the training, or both",
        choices=("data", "training", "both"),
    ),
    "description": Key(str, None, "what the program does, in a few sentences, for a language model"),
    "tell": Key(list, None, "keys or nodes of the configuration whose values in a trial a language model is told"),
    "show": Key(
        list,
        None,
        "numbers that a language model is shown beside the metric, in order; null: the first twelve that are returned",
    ),
    "trial_overrides": Key(object, None, "overrides that make the runs of the search short, as a list or a mapping"),
    "instructions": Key(str, None, "protocol of a language model: a packaged name, or an absolute path"),
    "start_memory": Key(str, None, "a written memory to start from: a packaged name, or an absolute path"),
    "thresholds": Key(dict, None, "values of the metric that count as converged and as partial"),
    "ceiling": Key(float, None, "best value of the metric; differences are then told as distances to it too"),
    "focus": Key(list, None, "rules over the application's own metrics"),
    "collapse": Key(dict, None, "metrics of a dead regime, whose block ends early: when, worse_than, runs"),
    "meaning": Key(
        dict,
        None,
        "names that coded rules read: the metrics predicts (how well behaviour is predicted), complexity (how rich the "
        "data are) and minutes (what a run took), the parameters that lengthens it",
    ),
    "locked": Key(dict, None, "values that no proposal may move"),
}

# hydra.sweeper.stop: when the search ends before its trials are used up; null switches a rule off.
STOP: Table = {
    "max_hours": Key(float, None, "wall time of one session; makes a sweep irreproducible", "h", low=0),
    "patience": Key(int, None, "trials without a better configuration", low=0),
    "target_value": Key(float, None, "value of the metric, in its own unit, that ends the search"),
    "max_failures": Key(
        int, None, "trials that may end FAILED or TIMEOUT, as a number; `max_failure_rate` is a share", low=0
    ),
    "max_llm_tokens": Key(
        int, None, "tokens of prompts and answers, over all sessions whose transcript is kept", "tokens", low=0
    ),
    "max_llm_cost": Key(
        float, None, "the same in money, by `llm.prices`; limits of `llm` refuse a call instead", low=0
    ),
}

# hydra.sweeper.pruning: when a job is asked to stop (hydra_llm.job).
PRUNING: Table = {
    "rule": Key(str, None, "null: reports are recorded, nothing is compared", choices=("median", "asha"), dotted=True),
    "max_minutes": Key(
        float,
        None,
        "time after which a job is asked to stop, under any rule; makes a sweep irreproducible",
        "min",
        low=0,
        open_low=True,
    ),
    "warmup_steps": Key(int, 0, "reports of smaller steps are not compared", low=0),
    "startup_trials": Key(int, 4, "trials that must have reached a step before it has a limit", low=1),
    "first_rung": Key(int, 1, "asha: step of the first comparison, then times `reduction_factor` each time", low=1),
    "reduction_factor": Key(int, 3, "asha: one in this many goes on", low=2),
    "direction": Key(
        str,
        None,
        "direction of the reports, if they are not the metric of the search (a validation loss, for example)",
        choices=("maximize", "minimize", "target"),
    ),
    "keep": Key(
        str,
        None,
        "value of a stopped trial: its last report, what it returned, or nothing (a bad configuration); null: its last "
        "report, or what it returned under a `direction`",
        choices=("last", "returned", "nothing"),
    ),
    "watch_s": Key(
        float,
        5.0,
        "several slots: time between two checks of the running jobs; null: limits change between launches only",
        "s",
        low=0,
        open_low=True,
        null=True,
    ),
}

# hydra.sweeper.llm; a null leaves a key to its default.
LLM: Table = {
    # ---- who answers ----
    "client": Key(
        str,
        "openai",
        "`openai`: any compatible endpoint; `command`: a program; `scripted`: a list of answers",
        choices=("openai", "command", "scripted"),
        dotted=True,
    ),
    "model": Key(str, "gpt-4.1-mini", "name of the model at the provider"),
    "base_url": Key(str, None, "endpoint of a compatible server, e.g. `http://localhost:11434/v1`; null: OpenAI"),
    "api": Key(
        str,
        "auto",
        "interface of the endpoint; `auto`: the Responses API at OpenAI, chat completions elsewhere, and the other one "
        "where only that is known",
        choices=("auto", "responses", "chat"),
    ),
    "api_key_env": Key(
        str, "OPENAI_API_KEY", "environment variable that holds the key; the key itself is never stored"
    ),
    "command": Key(list, [], "words of the program; `{prompt}` is replaced, otherwise it comes on standard input"),
    "script": Key(list, [], "answers in order, for `client: scripted`"),
    # ---- how it is asked ----
    "timeout_s": Key(float, 120.0, "time limit of one attempt", "s", low=0, open_low=True),
    "max_attempts": Key(
        int, 4, "attempts in all when a rate limit, an outage or a lost connection interrupts a request", low=1
    ),
    "stream": Key(bool, True, "show the answer while it arrives"),
    "temperature": Key(float, None, "temperature of sampling; null: the provider's default", low=0),
    "seed": Key(int, None, "seed of sampling, for servers that support one; null: the provider draws"),
    "reasoning_effort": Key(
        str, None, "how much a reasoning model thinks, e.g. low, medium, high; null: the provider's default"
    ),
    "max_tokens": Key(
        int, None, "limit of an answer, reasoning included; null: the provider's default", "tokens", low=1
    ),
    "max_prompt_tokens": Key(
        int, 16_000, "limit of a prompt, estimated; the prompt names what was left out", "tokens", low=1_000
    ),
    "figures": Key(
        str,
        "auto",
        "two figures each of the newest trial and of the leader, as images; `auto`: as long as the model takes them; "
        "`always`: a refusal is an error",
        choices=("auto", "always", "never"),
    ),
    # ---- what is done with the answer ----
    "role": Key(
        str,
        "decide",
        "`decide`: its proposals run, and it is shown the choices of a Gaussian process; `candidate`: its proposals "
        "enter the pool of the process, whose score decides; `share`: one trial in `every` is the model's, the others "
        "are the process's",
        choices=("decide", "candidate", "share"),
    ),
    "every": Key(int, 4, "`role: share`: one trial in so many is the model's", low=1),
    "max_repairs": Key(int, 2, "how often a wrong answer is returned with the reasons", low=0),
    "max_mutations": Key(int, 1, "parameters that one mutation may change, except when recombining", low=1),
    "first_question": Key(
        str,
        "warn",
        "one short question before anything is launched, which finds a wrong address, model or key; without a usable "
        "answer `warn`: say what is at stake and go on, `stop`: end the sweep; `never`: do not ask",
        choices=("warn", "stop", "never"),
    ),
    "on_llm_failure": Key(
        str,
        "rules",
        "`rules`: they fill the slot, and the record says so; `pause`: wait for the end of an outage first; `stop`: "
        "end the sweep",
        choices=("rules", "pause", "stop"),
    ),
    "pause_s": Key(
        float, 300.0, "time between two requests to a provider that does not answer", "s", low=0, open_low=True
    ),
    "max_pause_s": Key(float, 86_400.0, "total wait for one answer; then the rules take over", "s", low=0),
    # ---- records and limits ----
    "transcript": Key(
        str,
        "record",
        "`live`: keep nothing; `record`: store each call; `replay`: stored calls only, no network",
        choices=("live", "record", "replay"),
    ),
    "prices": Key(
        dict,
        {},
        "model: [prompt, completion], money per million tokens; a third number is the price of prompt tokens that the "
        "provider had cached",
    ),
    "max_calls": Key(int, None, "hard limit of the sweep", low=0),
    "max_total_tokens": Key(int, None, "hard limit of the sweep", "tokens", low=0),
    "max_cost": Key(float, None, "hard limit of the sweep, in the money of `prices`", low=0),
}
