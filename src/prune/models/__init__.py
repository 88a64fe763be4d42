"""Any Keras 3 model: what can be pruned in it, and how it is made smaller."""
