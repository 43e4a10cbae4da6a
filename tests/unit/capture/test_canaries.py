"""Private names of other libraries that capture relies on: each test fails when the library changes under us."""

import http.client
import importlib
import inspect
import os
import re
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distribution
from pathlib import Path

import aiohttp
import httpx
import pytest
import vcr.cassette
import vcr.patch
import vcr.stubs

since_litellm_has_a_core_in_rust = pytest.mark.skipif(
    not Path(str(distribution("litellm").locate_file("litellm/rust_bridge"))).is_dir(),  # an import takes seconds
    reason="earlier versions of litellm work otherwise; that they are traced is seen in tests/e2e/test_matrix.py",
)


def test_vcrpy_has_the_patcher_builder_that_is_subclassed():
    """`_build_patcher(obj, attribute, replacement)` is where every patch is made."""
    builder = vcr.patch.CassettePatcherBuilder
    assert list(inspect.signature(builder._build_patcher).parameters) == [
        "self",
        "obj",
        "patched_attribute",
        "replacement_class",
    ]
    assert callable(builder.build)


def test_vcrpy_resets_its_patches_through_one_function():
    """`force_reset` is looked up in `vcr.patch` when a connection is made, and keeps the original classes there."""
    with vcr.patch.force_reset():
        pass
    assert "from vcr.patch import force_reset" in inspect.getsource(vcr.stubs.VCRConnection.getresponse)
    assert issubclass(vcr.patch._HTTPConnection, http.client.HTTPConnection)
    assert issubclass(vcr.patch._HTTPSConnection, http.client.HTTPSConnection)


def test_https_connections_look_their_class_up_by_name():
    """`HTTPSConnection.__init__` is a plain function that names its own class: the one thing that needs a reset."""
    init = http.client.HTTPSConnection.__init__
    assert inspect.isfunction(init)
    assert "HTTPSConnection" in init.__code__.co_names
    classes = (http.client.HTTPConnection, http.client.HTTPSConnection)
    methods = [one for made in classes for one in vars(made).values() if inspect.isfunction(one)]
    names = {"HTTPConnection", "HTTPSConnection"}
    assert [one for one in methods if names & set(one.__code__.co_names)] == [init]


def test_vcrpy_cassettes_have_the_methods_that_are_overridden():
    """The stubs ask the cassette through these."""
    for name in ("can_play_response_for", "play_response", "append", "filter_request", "_load"):
        assert callable(getattr(vcr.cassette.Cassette, name))
    assert isinstance(inspect.getattr_static(vcr.cassette.Cassette, "write_protected"), property)


def test_the_environment_holds_its_variables_where_a_change_is_looked_for():
    """Comparing all that is held takes less than reading one variable; without it, each is read."""
    before = dict(os.environ._data)
    assert len(before) == len(os.environ)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMTRACE_CANARY", "1")
        assert before != os.environ._data


def test_vcrpy_says_which_request_a_cassette_refuses():
    """Every stub makes this exception with these arguments; the cassette knows its path."""
    for stub in ("vcr.stubs", "vcr.stubs.httpx_stubs", "vcr.stubs.aiohttp_stubs"):
        source = inspect.getsource(importlib.import_module(stub)).replace("\n", "").replace(" ", "")
        assert "CannotOverwriteExistingCassetteException(cassette=" in source
        assert "failed_request=" in source
    assert vcr.cassette.Cassette(path="somewhere.yaml")._path == "somewhere.yaml"


def test_vcrpy_sends_through_the_functions_that_are_marked():
    """Connections made inside of these are a stub's own; all but aiohttp's and tornado's are looked up when called."""
    from vcr.stubs import httpx_stubs

    from pytest_llmtrace._capture.wire.vcr_patches import REAL_SENDERS

    for name in ("_vcr_handle_request", "_vcr_handle_async_request"):
        names = list(inspect.signature(getattr(httpx_stubs, name)).parameters)
        assert names[0::2] == ["cassette", "self", "httpx"]
        assert f" {name}(" in inspect.getsource(getattr(httpx_stubs, name[1:]))
    source = inspect.getsource(vcr.patch.CassettePatcherBuilder)
    for name in REAL_SENDERS:
        assert name in source
    assert {"connect", "getresponse"} <= set(vars(vcr.stubs.VCRConnection))


def test_respx_keeps_its_routers_where_they_are_looked_for():
    """Its mocker of httpcore lists the routers in use; a route tells its pattern, and whether it lets requests pass."""
    respx = pytest.importorskip("respx")
    with respx.mock(assert_all_called=False, assert_all_mocked=False) as router:
        route = router.get("https://a.example/").pass_through()
        assert respx.mocks.Mocker.registry["httpcore"].routers == [router]
        assert [*router.routes] == [route]
        assert (bool(route.pattern), route.is_pass_through, router._assert_all_mocked) == (True, True, False)


def test_in_process_transports_have_the_names_that_are_skipped():
    """Patches on these classes are skipped by their names."""
    assert {httpx.WSGITransport.__name__, httpx.ASGITransport.__name__, httpx.MockTransport.__name__} == {
        "WSGITransport",
        "ASGITransport",
        "MockTransport",
    }


def test_litellm_has_the_callback_lists(litellm):
    """Our logger is put into these five lists."""
    from pytest_llmtrace._capture.from_litellm.logger import LISTS

    for name in LISTS:
        assert isinstance(getattr(litellm, name), list)


def test_litellm_calls_loggers_with_these_argument_names(litellm):
    """Arguments are passed by name, and swallows the error of a wrong one."""
    from litellm.integrations.custom_logger import CustomLogger

    from pytest_llmtrace._capture.from_litellm.logger import _callback_class

    for name in ("log_pre_api_call", "log_success_event", "log_failure_event", "async_log_success_event"):
        theirs, ours = getattr(CustomLogger, name), getattr(_callback_class(), name)
        assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)


def test_litellm_names_a_mock_key_before_a_mock_response(litellm):
    """The only sign that a call is answered from `mock_response` is the key in the event before it."""
    import litellm.main

    from pytest_llmtrace._capture.from_litellm.logger import MOCK_KEY

    assert f'api_key="{MOCK_KEY}"' in inspect.getsource(litellm.main.mock_completion)


def test_litellm_has_the_logging_worker_that_is_drained(litellm):
    """Queue and loop of the worker, what empties and stops it, and a thread pool whose `submit` says what is done."""
    from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER
    from litellm.litellm_core_utils.thread_pool_executor import executor

    for name in ("flush", "stop", "clear_queue"):
        assert callable(getattr(GLOBAL_LOGGING_WORKER, name))
    for name in ("_queue", "_bound_loop"):
        assert hasattr(GLOBAL_LOGGING_WORKER, name)
    assert isinstance(executor, ThreadPoolExecutor)


@since_litellm_has_a_core_in_rust
def test_litellms_logging_worker_tells_what_it_took_and_did_not_begin(litellm):
    """A loop that ended kept it from that; earlier versions know no more of it."""
    from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

    assert isinstance(GLOBAL_LOGGING_WORKER._unstarted_dequeued_tasks(), tuple)


def test_litellm_makes_its_records_where_they_are_left_out(litellm):
    """Two methods make a record and tell callbacks, whose lists are litellm's and the record's; one variable prints."""
    from pytest_llmtrace._capture.from_litellm import unread

    module = importlib.import_module(unread.MODULE)
    kind = getattr(module, unread.RECORD)
    for name in (unread.MAKE, unread.MAKE_LATER):
        made = vars(kind)[name]
        assert unread._is_own(made)
        assert list(inspect.signature(made).parameters)[:5] == ["self", "result", "start_time", "end_time", "cache_hit"]
    assert all(isinstance(getattr(litellm, name), list) for name in unread.LISTS)
    source = inspect.getsource(module)
    for name in ("model_call_details", "call_type", "stream", "logger_fn", *unread.OWN_LISTS):
        assert re.search(rf"self\.{name}\b.*? = ", source), name
    assert f'"{unread.PRINTS}"' in source
    assert source.count("litellm.max_budget") > 0


def test_litellms_asynchronous_transport_is_as_it_is_answered_for(litellm):
    """It sends by one method, asks aiohttp by another, and makes its session when it first needs one."""
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    from pytest_llmtrace._capture.wire.litellm_stub import ASK, MODULE, SEND, SESSION, TRANSPORT, _is_own

    kind = getattr(importlib.import_module(MODULE), TRANSPORT)
    public = getattr(AsyncHTTPHandler, "create_aiohttp_transport", None)
    made = (public or AsyncHTTPHandler._create_aiohttp_transport)()  # of 1.83
    assert type(made) is kind
    assert made._owns_session
    assert made.client.__module__.startswith("litellm.")
    assert (_is_own(getattr(kind, SEND)), _is_own(getattr(kind, ASK))) == (True, True)
    assert list(inspect.signature(getattr(kind, SEND)).parameters) == ["self", "request"]
    assert f".{SESSION[0]}(" in inspect.getsource(getattr(kind, ASK))
    assert f".{SESSION[1]}(" in inspect.getsource(getattr(aiohttp.ClientSession, SESSION[0]))
    assert importlib.import_module(MODULE).httpx is httpx


@since_litellm_has_a_core_in_rust
def test_litellms_switch_for_its_native_client_is_an_environment_variable_first(litellm):
    """`LITELLM_RUST=0` wins over `litellm.rust(True)`: no Python stub sees what the native client sends."""
    from litellm.rust_bridge.configuration import Decision, Rollout, decide

    for rollout in (Rollout.RUST_OPT_IN, Rollout.RUST_OPT_OUT):
        assert decide(rollout, process_override=True, environment_override=False) is Decision.PYTHON


@since_litellm_has_a_core_in_rust
def test_litellms_router_waits_where_its_waits_are_cut(litellm):
    """The Router's core asks its host to sleep between two tries."""
    home = Path(litellm.__file__).parent
    host, core = ((home / name).read_text("utf-8") for name in ("router_python_host.py", "router_rust/core.py"))
    assert "class PythonHost" in host
    for name in ("sleep", "sleep_sync"):
        assert f"    def {name}(self, seconds: float)" in host
        assert f"self._host.{name}(" in core


def test_pytest_keeps_the_failure_of_a_unittest_case_on_the_item():
    """`_excinfo` is emptied where a verdict replaces what unittest kept."""
    import _pytest.unittest

    assert "item._excinfo" in inspect.getsource(_pytest.unittest.pytest_runtest_makereport)


def test_langchain_has_the_list_of_handlers_that_are_always_there():
    """Our handler is added to it with a public function; nothing but the list itself lets it be removed."""
    pytest.importorskip("langchain_core")
    import langchain_core.tracers.context as home
    from langchain_core.callbacks import manager

    from pytest_llmtrace._capture.from_langchain.hook import HOME, LIST

    assert (home.__name__, isinstance(getattr(home, LIST), list)) == (HOME, True)
    assert list(inspect.signature(home.register_configure_hook).parameters)[:2] == ["context_var", "inheritable"]
    assert LIST in inspect.getsource(manager)


def test_langchain_keeps_the_configuration_of_a_run_in_a_variable():
    """A thread id stands there alone where no graph copies it into the metadata."""
    pytest.importorskip("langchain_core")
    from langchain_core.runnables.config import var_child_runnable_config

    assert var_child_runnable_config.get() is None


def test_langchain_marks_answers_of_its_cache():
    """`total_cost` in the usage of an answer is the only sign of a cache hit."""
    pytest.importorskip("langchain_core")
    from langchain_core.language_models.chat_models import BaseChatModel

    assert '"total_cost": 0' in inspect.getsource(BaseChatModel._convert_cached_generations)


def test_langgraph_interrupts_itself_with_this_exception():
    """Its random ids are left out by the name of its base class."""
    pytest.importorskip("langgraph")
    from langgraph.errors import GraphBubbleUp, GraphInterrupt

    assert issubclass(GraphInterrupt, GraphBubbleUp)


def test_litellm_empties_its_lists_through_one_method(litellm):
    """Test suites call it; our logger stays in the lists by coming after it."""
    from pytest_llmtrace._capture.from_litellm.logger import RESET

    assert callable(getattr(litellm.logging_callback_manager, RESET))
    assert RESET not in vars(litellm.logging_callback_manager)


def test_vcrpy_takes_two_functions_of_its_serializers() -> None:
    """While it is imported: what it takes is there before the modules are executed."""
    from pytest_llmtrace._capture.wire.late_serializers import FUNCTIONS, MODULES

    for name in MODULES:
        assert all(callable(getattr(importlib.import_module(name), function)) for function in FUNCTIONS)
    package = Path(str(vcr.__file__)).parent
    importing = re.compile(
        r"^ *(?:from \S*serialize import .*|from \S*serializers\.yamlserializer import .*|import yaml)", re.MULTILINE
    )
    assert {
        file.relative_to(package).as_posix(): importing.findall(file.read_text("utf-8"))
        for file in package.rglob("*.py")
        if file.name != "migration.py" and importing.search(file.read_text("utf-8"))
    } == {
        "persisters/filesystem.py": ["from ..serialize import deserialize, serialize"],
        "serialize.py": ["import yaml"],
        "serializers/yamlserializer.py": ["import yaml"],
    }


def test_vcrpy_keeps_what_it_replaces_under_the_names_we_know() -> None:
    """What comes late is patched by these methods, and vcrpy told of it as if it had imported it first."""
    from pytest_llmtrace._capture.wire.late_libraries import CONNECTIONS, KEPT, LIBRARIES, ON_HTTPX, URLLIB3
    from pytest_llmtrace._capture.wire.router import BUILDERS

    source = inspect.getsource(vcr.patch)
    assert f"from {CONNECTIONS} import AWSHTTPConnection, AWSHTTPSConnection\n" in source
    kept = {f"    {name} = {module}.{place}\n" for module, names in KEPT.items() for name, place in names.items()}
    kept = {line.replace(f" {CONNECTIONS}.", " ") for line in kept}  # imported by their names
    assert {line for line in kept if line not in source} == set()
    assert [name for name, kept in URLLIB3.items() if f"    {kept} = conn.{name}\n" not in source] == []
    imported = set(re.findall(r"^    +(?:import|from) (\w+)", source.partition("PATCHER_NAMES")[0], re.MULTILINE))
    assert imported == {*LIBRARIES, *ON_HTTPX, "httplib2", "tornado", "urllib3"}  # one more, and somebody waits for it
    assert BUILDERS.keys() == KEPT.keys()
    assert all(callable(getattr(vcr.patch.CassettePatcherBuilder, name)) for name in BUILDERS.values())
