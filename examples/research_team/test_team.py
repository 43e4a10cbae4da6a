"""What the team promises."""

from research_team.team import COLLEAGUES, decide


def test_contract_is_not_extended(llm_trace):
    """The facts are looked up, all colleagues are asked at once, and their answers go into the decision."""
    answer = decide("Should we extend the contract with Globex?")
    assert answer.startswith("Do not extend")
    assert llm_trace.tool_names == ["deliveries", "ask_colleagues"]
    (fan_out,) = llm_trace.fanouts
    assert {member.label for member in fan_out.members} == {*COLLEAGUES}
    assert fan_out.totals.cost_usd < 0.01
