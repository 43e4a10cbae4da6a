"""What LangChain and LangGraph say of themselves: who calls, tools, events, and calls that no HTTP shows.

A handler that LangChain gives to every run (`hook`, `handler`) keeps the tree of runs (`runs`), from which labels come
(`callers`). Runs of models become records like those of the manual API (`calls`), so that HTTP inside them is counted
once; runs of tools become executions (`tools`); the rest are events (`events`, `context`).
"""
