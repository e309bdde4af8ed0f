"""Certinia PSA on Salesforce: projects, people, time and expenses come from here, project shells go there."""
