"""litellm imported in the middle of a traced test: its price map must not be downloaded. Copied and run elsewhere."""

import gc
import os
import sys
import threading


def test_late_import(llm_trace):
    assert "litellm" not in sys.modules
    gc.disable()  # or it would look through all that litellm is, again and again while that grows
    import litellm

    gc.enable()
    assert not any("cost-map" in thread.name for thread in threading.enumerate())
    answer = litellm.completion(
        model="gpt-4o-mini",
        api_base=f"{os.environ['PROVIDER_URL']}/v1",
        api_key="sk-e2e-0123456789",
        messages=[{"role": "user", "content": "late"}],
        metadata={"session_id": "s1", "agent_type": "lead"},
    )
    assert answer.choices[0].message.content == "You said: late"
    (call,) = llm_trace.calls
    assert (call.agent, call.session) == ("lead", "s1")
    kept = [one for one in litellm.success_callback if "Llmtrace" in type(one).__name__]
    assert len(kept) == 1
