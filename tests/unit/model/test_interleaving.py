"""Parallel conversations, in whatever order their calls come."""

from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.messages import message
from pytest_llmtrace._model.renumber import renumber
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._store.golden_file import Golden, dump_golden, load_golden

SYSTEM = {"role": "system", "content": "Be kind."}


@st.composite
def chats(draw):
    """Conversations whose contexts are kept, cut to a window, or summarised; they may answer alike."""
    made = []
    for name in range(draw(st.integers(1, 4))):
        said, calls = [], []
        for turn in range(draw(st.integers(1, 5))):
            said.append({"role": "user", "content": f"question {name}.{turn}"})
            how = draw(st.sampled_from(["whole", "window", "summary"]))
            if how == "window":
                said = said[-5:]
            elif how == "summary" and len(said) > 4:
                said = [{"role": "user", "content": f"Summary {name}.{turn}"}, *said[-3:]]
            answer = {"role": "assistant", "content": draw(st.sampled_from(["ok", f"answer {name}.{turn}"]))}
            if draw(st.booleans()):
                function = {"name": "f", "arguments": "{}"}
                answer["tool_calls"] = [{"id": f"raw_{name}_{turn}", "type": "function", "function": function}]
            sent = tuple(map(message, [SYSTEM, *said]))
            calls.append(LLMCall(model="m", messages=sent, output=message(answer)))
            said.append(answer)
            if "tool_calls" in answer:
                said.append({"role": "tool", "tool_call_id": f"raw_{name}_{turn}", "content": "done"})
        made.append(calls)
    return made


def interleaved(lists, choose):
    """The calls of all lists, those of each in order."""
    waiting = [list(calls) for calls in lists]
    made = []
    while any(waiting):
        made.append(choose.choice([calls for calls in waiting if calls]).pop(0))
    return made


def contents(conversations_made):
    """Conversations as a set, each by what was sent and answered in it."""
    return Counter(tuple((call.messages, call.output) for call in calls) for calls in conversations_made)


@settings(deadline=None)
@given(lists=chats(), choose=st.randoms(use_true_random=False))
def test_any_interleaving_gives_the_same_conversations(lists, choose):
    """However parallel conversations mix, each call is in one conversation, and in the same."""
    mixed = interleaved(lists, choose)
    found = conversations(mixed)
    assert Counter(id(call) for one in found for call in one.calls) == Counter(map(id, mixed))
    assert contents(one.calls for one in found) == contents(lists)


@settings(deadline=None)
@given(lists=chats(), choose=st.randoms(use_true_random=False))
def test_rewritten_contexts_are_written_and_read(lists, choose):
    """A golden trace gives every history back, and its contexts are rewritten on the same turns."""
    trace = renumber(Trace(owner="t", entries=tuple(interleaved(lists, choose))))
    back = load_golden(dump_golden(Golden(test="t", trace=trace, totals=Totals())), Path("t.trace.yaml")).trace
    assert [(call.messages, call.output) for call in back.calls] == [
        (call.messages, call.output) for call in trace.calls
    ]
    rewritten, again = (
        [[turn.rewritten for turn in one.turns] for one in conversations(calls)] for calls in (trace.calls, back.calls)
    )
    assert rewritten == again


@settings(deadline=None)
@given(lists=chats(), choose=st.randoms(use_true_random=False))
def test_any_interleaving_is_no_drift(lists, choose):
    """A comparison finds nothing, and the renumbered conversations are the same once they begin in one order."""
    straight = [call for calls in lists for call in calls]
    mixed = interleaved(lists, choose)
    traces = [Trace(owner="t", entries=tuple(calls)) for calls in (straight, mixed)]
    assert compare(*traces, POLICIES["exact"]) == ()
    order = {id(calls[0]): number for number, calls in enumerate(lists)}
    firsts = sorted((call for call in mixed if id(call) in order), key=lambda call: order[id(call)])
    led = [*firsts, *(call for call in mixed if id(call) not in order)]
    renumbered = [renumber(Trace(owner="t", entries=tuple(calls))) for calls in (straight, led)]
    assert [one.calls for one in conversations(renumbered[0].calls)] == [
        one.calls for one in conversations(renumbered[1].calls)
    ]
