"""Looking at nets and runs: summaries, comparisons, explanations, pages."""
