// One at a time: each is a crowd of its own, and OS threads are counted.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
