"""What `import bench` offers, by sort; `bench` itself has all of it by name."""
