SELECT live FROM usage
