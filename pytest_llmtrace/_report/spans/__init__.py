"""Traces as OpenTelemetry spans: the values (`span`), how they are made (`from_trace`), and their JSON (`otlp`)."""
