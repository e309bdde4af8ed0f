"""The demo: a configured hub, a simulated landscape, a world played into it, and a report that proves it adds up."""
