"""The invoice that carries its own proof: one file with all it rests on, and a script that checks it offline.

`statement` makes the file of a posted invoice, `verifier` is the script: it stands alone, so that a client or an
auditor can read and run it without us.
"""
