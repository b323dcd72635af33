"""From job ads to what a classification lacks: new index titles for known occupations, and occupations it does not know."""
