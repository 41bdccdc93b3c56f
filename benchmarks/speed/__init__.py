"""How long each side takes: workloads, what runs them, and what is made of the times.

- `layers` and `steps`: the workloads, as data;
- `bench`: one side at work, in a process of its own;
- `measure`: slots in turn, medians, ratios with their intervals;
- `machine`: what the processor and its memory can do;
- `figure`: the ratios drawn.
"""
