global using ParkState = GreenThreads.ParkState<GreenThreads.HardwareAtomics>;
global using RunQueue = GreenThreads.RunQueue<GreenThreads.HardwareAtomics>;
global using SleepProtocol = GreenThreads.SleepProtocol<GreenThreads.HardwareAtomics>;
