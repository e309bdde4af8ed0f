"""Every change to feeds, files and what came in that is not the pipeline's own."""
