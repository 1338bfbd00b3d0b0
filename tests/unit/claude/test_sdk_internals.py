"""The names of anthropic and httpx2 that we use although they are undocumented."""

import ast
import inspect
from pathlib import Path

import anthropic
import httpx2
import pytest

from claude_sse.claude import sdk
from claude_sse.claude.sdk_internals import ATTRIBUTES, METHODS, POST_ARGUMENTS, response_stream

CLAUDE = Path(sdk.__file__).parent
#: What the class of ours uses of the SDK's client; ``__init__`` is documented.
LISTED = METHODS[anthropic.Anthropic].keys() | ATTRIBUTES[anthropic.Anthropic]
#: Underscored, and documented by the standard library.
DOCUMENTED = {"_replace"}


class Recorder(anthropic.Anthropic):
    """The SDK's client; records the calls of ``post``."""

    def post(self, path, **arguments):
        """Return an open stream without sending a request."""
        self.calls.append((path, arguments))
        response = httpx2.Response(200, stream=self.body)
        return anthropic.Stream(cast_to=arguments["cast_to"], response=response, client=self)


@pytest.fixture
def client():
    with Recorder(api_key="k", base_url="http://127.0.0.1:1") as client:
        client.calls = []
        client.body = httpx2.ByteStream(b"")
        yield client


def manager(client):
    """Return what ``messages.stream()`` returns."""
    messages = [{"role": "user", "content": "Hi"}]
    return client.messages.stream(model="claude-x", max_tokens=9, messages=messages)


@pytest.mark.parametrize(
    ("cls", "name", "parameters"),
    [(cls, name, listed) for cls, names in METHODS.items() for name, listed in names.items()],
)
def test_the_installed_sdk_has_each_method_with_its_parameters(cls, name, parameters):
    """A method that an upgrade renames, or calls in another way, is named by this test."""
    signature = inspect.signature(getattr(cls, name))
    bare = [each.replace(annotation=each.empty) for each in signature.parameters.values()]
    assert str(inspect.Signature(bare)) == f"({parameters})"


def test_the_installed_versions_have_each_attribute(client):
    """An attribute that an upgrade renames is missing on an instance."""
    with manager(client) as stream:
        instances = (client, stream, stream.response)
        for cls, names in ATTRIBUTES.items():
            [instance] = [each for each in instances if isinstance(each, cls)]
            assert {name for name in names if not hasattr(instance, name)} == set()


def test_a_message_stream_posts_when_it_is_entered(client):
    """``messages.stream()`` calls the client's ``post`` once, and only on entering its manager."""
    opened = manager(client)
    assert client.calls == []
    with opened:
        [(path, arguments)] = client.calls
    assert path == "/v1/messages" and arguments.keys() == POST_ARGUMENTS
    assert arguments["body"]["model"] == "claude-x" and "headers" in arguments["options"]


def test_the_response_of_a_message_stream_is_the_one_that_post_made(client):
    """The byte stream that ``post`` put into the response is the one that is read."""
    with manager(client) as stream:
        assert response_stream(stream) is client.body


def test_the_headers_of_a_client_include_the_custom_ones():
    """``_custom_headers`` holds what ``default_headers`` was given."""
    with anthropic.Anthropic(api_key="k", default_headers={"x-a": "b"}) as client:
        assert client._custom_headers["x-a"] == client.default_headers["x-a"] == "b"


def test_every_name_that_we_use_is_listed(client):
    """What our client overrides and reads of the SDK's stands in the lists."""
    tree = ast.parse(Path(sdk.__file__).read_text("utf-8"))
    [body] = [node for node in tree.body if getattr(node, "name", "") == "Anthropic"]
    on_self = {
        node.attr
        for node in ast.walk(body)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"
    }
    overridden = {name for name in vars(sdk.Anthropic) if not name.startswith("__")}
    assert (on_self | overridden) & set(dir(client)) == LISTED


@pytest.mark.parametrize("path", sorted(CLAUDE.rglob("*.py")), ids=lambda path: path.name)
def test_no_other_module_reads_a_private_attribute(path):
    """Underscored names of the SDK and of the HTTP library stand in one module, or on ``self``."""
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    if path.name == "sdk_internals.py" or not imported & {"anthropic", "httpx2"}:
        return
    private = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and ast.unparse(node.value) != "self"
    }
    assert private <= DOCUMENTED
