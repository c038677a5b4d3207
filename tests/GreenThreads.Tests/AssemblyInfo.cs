// One at a time, so that a crash names its test, and so that descriptors can be counted.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
