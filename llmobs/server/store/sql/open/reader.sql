SET max_execution_time = {timeout_ms};
