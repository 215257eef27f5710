"""A stretch of exercise with one tool in one hand: opened, counted, closed."""
