"""Whole cases as files: an account, a desired state, and the plan that must follow.

Each directory is one case, and its name is what it shows:

- `live.json`: a snapshot of the account, as `reconciler fetch -o live.json` writes it;
- `desired.yaml`: what is declared;
- `plan.txt`: the plan as a person reads it;
- `operations.json`: the calls that an apply would make.

`python -m tests.cases.regenerate` writes the last two anew. Read the difference before you keep
it: what stands there is what is right, not what the code happens to say.
"""
