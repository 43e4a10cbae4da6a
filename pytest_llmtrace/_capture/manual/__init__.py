"""The manual API: what an application says of its own calls, tools, agents and events, for code no adapter sees.

`calls` and `traced` observe calls of models, `tools` executions of tools, `agents` labels what happens inside. Outside
of a traced test none of them imports more than itself; what copies, reads and joins is imported by the first use.
"""
