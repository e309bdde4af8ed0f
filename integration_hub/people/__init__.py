"""Who acts: users, their roles, and the legal entities they may see."""
