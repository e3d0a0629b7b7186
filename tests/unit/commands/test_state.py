"""What `alphapanda state verify` tells to type, when something differs."""

from __future__ import annotations

import pytest

from alphapanda.deployment import Deployment
from alphapanda.ids import BrokerId
from alphapanda.operations.verify import RuleResult, Verification
from commands.main import main


@pytest.mark.parametrize(("layout", "daemon"), [("split", "trader.paper"), ("compact", "broker.paper")])
def test_the_hint_names_the_daemon_that_runs(
    deployment: Deployment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    layout: str,
    daemon: str,
) -> None:
    wrong = RuleResult(rule="positions are what the fills make", checked=1, problems=("NSE:S1",), problem_count=1)

    async def found(*_: object) -> list[Verification]:
        return [Verification(broker=BrokerId("paper"), findings=(wrong,))]

    monkeypatch.setattr("commands.trading.state._verify", found)
    monkeypatch.setenv("ALPHAPANDA_HOME", str(deployment.root))
    monkeypatch.setenv("PROCESS_LAYOUT", layout)
    with pytest.raises(SystemExit) as ended:
        main(["state", "verify"])
    assert ended.value.code == 3
    assert f"Run: alphapanda restart {daemon}, which" in capsys.readouterr().err
