"""Tests of the simulated vendor landscape, over real HTTP."""
