"""Exception cases: raise, group by root cause, assign, snooze, resolve, heal."""
