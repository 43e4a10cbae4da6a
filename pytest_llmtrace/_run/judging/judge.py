"""From what was observed to a verdict: drift from the golden trace, misses, what was not played, budgets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmtrace._capture.faults import Fault
from pytest_llmtrace._capture.llm_requests import is_llm_request
from pytest_llmtrace._compare.digests import behaviour_digest
from pytest_llmtrace._compare.policies.policy import digest_decides
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.findings import Bypass, Drift, Finding, Internal, Miss, NoCassette, Unplayed
from pytest_llmtrace._model.http import HttpRequest, Phase
from pytest_llmtrace._model.matching import canonical_body
from pytest_llmtrace._model.trace import Trace
from pytest_llmtrace._model.trajectory import totals, unpriced_models
from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._run.judging.accepting import accepting, needs_new_answers
from pytest_llmtrace._run.judging.displaced import displaced, without_displaced
from pytest_llmtrace._run.judging.over_budget import owner_breaches
from pytest_llmtrace._run.outcomes import is_interruption
from pytest_llmtrace._run.recording import saving
from pytest_llmtrace._run.recording.borrowing import trace_of
from pytest_llmtrace._run.recording.names import relative
from pytest_llmtrace._run.recording.personal import shown
from pytest_llmtrace._run.stops import comes_of_stop
from pytest_llmtrace._store.golden_file import Golden
from pytest_llmtrace.errors import LockedCassetteError

if TYPE_CHECKING:  # comparing and explaining are imported where something differs, and cost a passing run 50 ms
    from pytest_llmtrace._capture.exchange import Exchange
    from pytest_llmtrace._compare.nearest.requests import NearestRequests
    from pytest_llmtrace._run.owner import OwnerRun


def verdict(run: OwnerRun, exception: BaseException | None) -> Verdict:
    """Judge one owner at the end of its call phase."""
    plan, recorder = run.plan, run.recorder
    private = plan.privacy
    assert run.assembled is not None  # noqa: S101  # set by the only caller
    trace = without_displaced(run, run.assembled.trace.behaviour)
    stopped = exception is not None or bool(recorder.misses or recorder.refused)
    findings: list[Finding] = []
    golden: Golden | None = None
    if run.compares and not is_interruption(exception):
        tapeless = bool(recorder.misses) and _is_without_tape(run)
        golden, drifts = (None, ()) if tapeless else _drifts(run, trace, stopped=stopped)
        if plan.mode == "live" and golden is not None:
            from pytest_llmtrace._run.judging.variants import nearest_trajectory, without_swaps  # noqa: PLC0415

            golden, drifts = nearest_trajectory(run, trace, golden, drifts)
            drifts = without_swaps(run, drifts)
        findings += drifts
        findings += _misses(run, trace, explained=bool(drifts))
        if not stopped and recorder.wire == "tape" and run.old.is_accepted:
            findings += _unplayed(run, findings)
    elif run.records and not stopped:
        golden, drifts = _drifts(run, trace, stopped=False)
        findings += [replace(drift, severity="ignore") for drift in drifts]
    if run.went_on and not any(one.severity == "fail" for one in findings):
        findings += [_miss(run, one) for one in run.went_on]
    findings += [Bypass(what=private.masked_request(what), stack=stack) for what, stack in recorder.bypassed]
    findings += [Bypass(what=one.address, stack=one.stack) for one in recorder.gone_past()]
    findings += [Bypass(what=what) for what in run.assembled.bypassed]
    findings += [Bypass(what=what, severity="warn") for what in run.assembled.doubtful]
    findings += [internal(run, one) for one in recorder.faults.so_far()]
    golden_totals = run.old.totals
    observed = totals(trace.calls)
    findings += owner_breaches(run, observed, models_without_price=unpriced_models(trace.calls), stopped=stopped)
    if len(trace.calls) < plan.min_calls and not stopped:
        findings.append(Bypass(what="", expected=plan.min_calls))
    anew = not plan.own_tape and needs_new_answers(run, findings)
    takes = accepting(run, golden, stopped=stopped, anew=anew)
    return Verdict(
        owner=plan.owner,
        mode=plan.mode,
        findings=_suggested(findings),
        golden=conversations(golden.trace.calls) if golden is not None else None,
        golden_calls=golden.trace.calls if golden is not None else (),
        observed=conversations(private.masked(trace).calls),
        not_understood=tuple(private.masked_request(line) for line in run.assembled.unknown),
        golden_file=(saving.variant_name(run) or run.old.golden_name) if run.old.golden_exists else None,
        tape_file=run.old.tape_file,
        golden_totals=golden_totals,
        observed_totals=observed,
        stopped=stopped,
        left_over=next((one.thread.name for one in recorder.misses if one.thread in run.older_threads), ""),
        could_go_on=plan.own_tape and plan.on_miss == "stop" and recorder.wire == "tape" and bool(recorder.misses),
        nearest=len(run.went_on),
        exception=private.masked_line(_one_line(run, exception)),
        private=private.mask is not None,
        accept=plan.accept_anew if anew else plan.accept,
        instead=tuple(sorted({one.swapped.partition("=")[2] for one in recorder.exchanges if one.swapped})),
        accept_calls=takes.calls,
        accept_usd=takes.usd,
        accept_paid=takes.paid,
    )


def internal(run: OwnerRun, fault: Fault) -> Internal:
    """A bug as the owner's privacy lets it be told."""
    private = run.plan.privacy
    return Internal(text=private.masked_line(fault.text) or "", traceback=private.masked_traceback(fault.traceback))


def teardown_verdict(run: OwnerRun) -> Verdict | None:
    """What the teardown did that replay has no answer for, or no longer does; `None` where there is nothing to say."""
    if run.verdict is None:
        return None
    late = [miss for miss in run.recorder.misses if miss.phase == "teardown"]
    told = sum(isinstance(one, Internal) for one in run.verdict.findings)
    found: tuple[Finding, ...] = (
        *(internal(run, one) for one in run.recorder.faults.so_far()[told:]),
        *(_torn_down(_miss(run, one)) for one in late),
        *(
            Bypass(what=f"{one.address} (while the test was torn down)", stack=one.stack)
            for one in run.recorder.gone_past()
            if one.phase == "teardown"
        ),
        *(
            Bypass(what=f"{run.plan.privacy.masked_request(what)} (while the test was torn down)", stack=stack)
            for what, stack in run.recorder.bypassed[run.bypassed_in_call :]
        ),
    )
    if not (found or run.verdict.stopped) and run.compares and run.recorder.wire == "tape" and run.old.is_accepted:
        found = tuple(_unplayed(run, [], phase="teardown"))
    if not found:
        return None
    return replace(run.verdict, findings=found, stopped=True, exception=None, golden=None, accept_calls=len(late))


def _drifts(run: OwnerRun, trace: Trace, *, stopped: bool) -> tuple[Golden | None, tuple[Drift, ...]]:
    """Compare with the golden trace; it is not even read where digests show that nothing differs."""
    if not run.old.golden_exists:
        return _drifts_from_tape(run, trace, stopped=stopped)
    decided = not stopped and digest_decides(run.plan.policy)
    if decided and run.old.says_unchanged(behaviour_digest(run.plan.privacy.masked(trace))):
        return None, ()
    golden = run.old.golden()
    if golden is None:
        return None, ()
    try:
        recorded, observed = run.plan.privacy.comparable(golden, trace, run.plan.cassette.golden)
    except LockedCassetteError:
        if run.compares:
            raise
        return None, ()  # the recording replaces it
    from pytest_llmtrace._compare.drift import compare  # noqa: PLC0415

    return replace(golden, trace=recorded), compare(recorded, observed, run.plan.policy, stopped=stopped)


def _drifts_from_tape(run: OwnerRun, trace: Trace, *, stopped: bool) -> tuple[Golden | None, tuple[Drift, ...]]:
    """Before there is a golden trace, where a request is not on the tape: what the tape says that was sent."""
    unanswered = any(
        one.is_llm and (one.missed or one.nearest or one.source == "live") for one in run.recorder.exchanges
    )
    if run.old.tape_file is None or run.recorder.wire == "watch" or not unanswered:
        return None, ()
    from pytest_llmtrace._compare.drift import compare  # noqa: PLC0415

    before = run.plan.privacy.masked(trace_of(run.old.interactions, run.plan.owner, run.prices))
    drifts = compare(before, run.plan.privacy.masked(trace), run.plan.policy, stopped=stopped)
    return Golden(test=run.plan.owner, trace=before, totals=totals(before.calls)), drifts


def _is_without_tape(run: OwnerRun) -> bool:
    """Whether there is nothing that could have answered: then what was sent is not to blame."""
    if run.plan.own_tape:
        return run.old.tape_file is None
    return any(one.refused_by is not None and not Path(one.refused_by).exists() for one in run.recorder.misses)


def _misses(run: OwnerRun, trace: Trace, *, explained: bool) -> list[Finding]:
    """Findings for requests without an answer that no drift speaks of."""
    found: list[Finding] = []
    misses = [one for one in run.recorder.misses if one.phase == "call"]
    llm = [one for one in misses if one.is_llm]
    called = any(entry.status != "missed" or llm for entry in trace.calls)
    if not run.old.golden_exists and (called or llm or run.keyless):
        live, request = run.plan.mode == "live", _line(run, shown(run, llm[0].request)) if llm else ""
        nothing = NoCassette(cassette=run.old.golden_name, request=request, tape=run.old.tape_file)
        return [replace(nothing, tape=None, severity="warn") if live else nothing]
    understood = explained and any(call.status == "missed" for call in trace.calls)
    found += [_miss(run, miss) for miss in displaced(run)]
    if found:
        return found
    tapeless = llm and run.plan.own_tape and run.old.tape_file is None
    if tapeless:
        request, off = _line(run, shown(run, llm[0].request)), not run.plan.tapes
        found.append(NoCassette(cassette=run.old.tape_name, request=request, tapes_off=off))
    unexplained = [] if understood or tapeless else llm
    found += [_miss(run, miss) for miss in (*unexplained, *(one for one in misses if not one.is_llm))]
    return found


def _miss(run: OwnerRun, miss: Exchange) -> Miss:
    asked = shown(run, miss.request)
    request, elsewhere = _shown(run, asked), False
    if miss.refused_by is not None:
        path = Path(miss.refused_by)
        detail = f"{relative(path, run.plan.root)} {'holds no answer to it' if path.exists() else 'does not exist'}"
    else:
        nearest = run.nearest.nearest_request(asked) if miss.is_llm else None
        recorded = _recorded_requests(run)
        detail, elsewhere = recorded.detail(request, nearest=_shown(run, nearest) if nearest else None)
    return Miss(method=request.method, url=request.url, detail=detail, elsewhere=elsewhere)


def _torn_down(miss: Miss) -> Miss:
    return replace(miss, detail=f"sent while the test was torn down; {miss.detail}")


def _recorded_requests(run: OwnerRun) -> NearestRequests:
    """The recorded requests, indexed once, by the first of those that are no call of a model."""
    if run.nearest_requests is None:
        from pytest_llmtrace._compare.nearest.requests import NearestRequests  # noqa: PLC0415

        recorded = [one.request for one in run.recorder.tape.interactions]
        run.nearest_requests = NearestRequests(
            (_shown(run, one) for one in recorded if not is_llm_request(one)),
            calls=(_shown(run, one) for one in recorded if is_llm_request(one)),
        )
    return run.nearest_requests


def _shown(run: OwnerRun, request: HttpRequest) -> HttpRequest:
    """A request as findings may quote it."""
    mask = run.plan.privacy.mask
    if mask is None:
        return request
    body = mask.text(canonical_body(request)).encode()
    return HttpRequest(method=request.method, url=_url(run, request), headers=request.headers, body=body)


def _url(run: OwnerRun, request: HttpRequest) -> str:
    mask = run.plan.privacy.mask
    return request.url if mask is None else mask.url(request.url, whole=not is_llm_request(request))


def _line(run: OwnerRun, request: HttpRequest) -> str:
    return f"{request.method} {_url(run, request)}"


def _unplayed(run: OwnerRun, findings: list[Finding], phase: Phase = "call") -> list[Finding]:
    """Recorded requests that were not made again; a missing LLM call is a drift already, unless of the teardown."""
    explained = any(isinstance(one, Drift) and one.kind in ("call_missing", "error") for one in findings)
    left: Counter[tuple[str, str]] = Counter()
    # A vcrpy cassette that serves as the tape may be in use by the test itself: then others answer from it.
    borrowed = run.old.borrowed is not None
    elsewhere = {one.key for one in run.recorder.exchanges if not one.taped} if borrowed else set()
    for interaction in run.recorder.tape.unplayed():
        if interaction.phase != phase or interaction.key in elsewhere:
            continue
        judged = explained or borrowed or run.plan.policy.view != "calls"
        if not (judged and is_llm_request(interaction.request)):
            left[interaction.request.method, _url(run, interaction.request)] += 1
    return [Unplayed(method=method, url=url, count=count) for (method, url), count in left.items()]


def _suggested(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings; drift that a rule would absorb says so."""
    if not findings:
        return ()
    from pytest_llmtrace._compare.rules.suggest import suggested  # noqa: PLC0415  # only where something was found

    return suggested(findings)


def _one_line(run: OwnerRun, exception: BaseException | None) -> str | None:
    """The exception that a miss became on its way through a framework; nothing where it is our own."""
    if exception is None or comes_of_stop(exception):
        return None
    text = run.old.redactor.text(str(exception).strip().partition("\n")[0])
    return f"{type(exception).__name__}: {text}" if text else type(exception).__name__
