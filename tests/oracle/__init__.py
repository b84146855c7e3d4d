"""An independent evaluator of the rule language, and random material to test the compiler with.

It is plain Python over dicts and imports nothing of the product: what it knows, it has from the
written rules alone, so that a mistake in the product is not repeated here. It is slow on purpose
and is not a second implementation to ship.

    evaluator.matches(rules, person, now=…, store=…)   does this person match?
    people.awkward_people(rng, now=…, store=…)         whom to ask it about
    trees.random_tree(rng, people, now, store)         what to ask
    nodes.node_truths(rules, person, now=…, store=…)   and what of single conditions and groups?
"""
