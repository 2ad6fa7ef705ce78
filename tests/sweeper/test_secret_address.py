"""A whole sweep over a server whose address holds a password: no file of it may."""

from toy_sweeps import command

from programs import environment, run


def test_a_password_of_the_address_stands_in_no_file_and_on_no_screen(tmp_path):
    llm = ("hydra.sweeper.llm.base_url='${oc.env:MY_SERVER}'", "hydra.sweeper.llm.max_attempts=1")
    few = ("hydra.sweeper.n_trials=2", "hydra.sweeper.confirm={n_seeds: 0}", "hydra.sweeper.llm.model=m")
    server = {"MY_SERVER": "http://somebody:s3cret@127.0.0.1:9/v1?token=t0ken"}
    text = run(command(tmp_path, *few, *llm), tmp_path, {**environment(), **server})
    assert "The server at http://127.0.0.1:9/v1" in text
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    for secret in (b"s3cret", b"t0ken"):
        assert [path for path in written if secret in path.read_bytes()] == []
        assert secret.decode() not in text
