"""One component resource a topology or concern. A child is `<name>-<role>` and knows its region."""
