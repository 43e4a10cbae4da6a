"""What the chat promises."""

from streaming_chat.chat import Chat


async def test_answer_comes_in_pieces():
    """The answer arrives in more than one piece."""
    pieces = [piece async for piece in Chat().say("What should I see in Lisbon?")]
    assert len(pieces) > 1
    assert "Belém" in "".join(pieces)


async def test_second_turn_knows_the_first(llm_trace):
    """A follow-up question is understood because the history is sent along."""
    chat = Chat()
    async for _ in chat.say("What should I see in Lisbon?"):
        pass
    answer = "".join([piece async for piece in chat.say("And how do I get there?")])
    assert "tram" in answer
    assert [len(call.messages) for call in llm_trace.calls] == [2, 4]
