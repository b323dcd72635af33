"""From one version of a classification to the next: what changed, how codes chain, what has to be coded again."""
