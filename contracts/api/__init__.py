"""REST: customers, legal entities, contracts, projects, milestones."""
