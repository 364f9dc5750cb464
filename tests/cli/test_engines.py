"""`fogbank engines`: the programs that services run beside the server."""


def test_programs_are_listed_with_the_command_that_installs_them(shell):
    found = shell.json("engines")
    programs = {program["name"]: program for program in found["programs"]}
    assert programs["memcached"]["install"].startswith("apt install memcached")
    assert found["running"] == []
    assert "fogbank engines install valkey" in {program["install"] for program in programs.values()}
    assert shell.json("status")["engines"] == []
    assert "ElastiCache for Memcached" in shell.run("engines").stdout
    assert {"valkey", "memcached"} <= {entry["name"] for entry in shell.json("doctor")}


def test_only_what_is_known_is_installed(apart):
    assert "no engine 'redis' is known" in apart.run("engines", "install", "redis", code=2).stderr
    assert "apt install memcached" in apart.run("engines", "install", "memcached", code=1).stderr
