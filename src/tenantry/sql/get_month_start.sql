SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => p_months_ahead)) AT TIME ZONE 'UTC'
