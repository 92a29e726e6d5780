"""How well a model calls tools, on questions of the Berkeley Function-Calling Leaderboard."""
