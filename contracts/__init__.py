"""What was agreed: customers, legal entities, contracts, versions, lines, rate cards, projects, milestones."""
