"""What the pipeline promises."""

from openai_pipeline.pipeline import process

ARTICLES = [
    "Kettle: how to remove limescale",
    "Kettle: what to do when the lid leaks",
    "Lamp: how to change the bulb",
]


def test_urgent_mail(llm_trace):
    """An urgent mail becomes an urgent note with the fitting article, in three calls."""
    note = process("My kettle leaks at the lid, water everywhere! Please help at once.", ARTICLES)
    assert note.product == "kettle"
    assert note.urgent
    assert note.article == "Kettle: what to do when the lid leaks"
    assert "lid" in note.summary
    assert [call.operation for call in llm_trace.calls] == ["chat", "embeddings", "responses"]


def test_patient_mail():
    """A mail without haste is not urgent."""
    note = process("How do I change the bulb of the lamp? No hurry.", ARTICLES)
    assert not note.urgent
    assert note.article == "Lamp: how to change the bulb"
