"""Reading topics for people: ranges, filters, many topics merged by time. No group, nothing committed."""
