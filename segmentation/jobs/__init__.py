"""Long work that outlives the request: asked for, run by a worker, resumed when that dies, cancelled, swept."""
